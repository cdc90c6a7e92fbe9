import { buildGrammars, compileSchema, type Grammars } from '@thingward/exi';

/** The names by which EXI headers tell that a document was coded by the schema for schemas. @see XEP-0322 §2.2.4 */
const SCHEMA_IDS = ['http://www.w3.org/2001/XMLSchema.xsd', 'http://www.w3.org/2001/XMLSchema'];

/**
 * The schema for schemas, as far as EXI grammars depend on it: default values, identity constraints and patterns are left out, and the
 * built-in types, which the compiler has. Names, types, and the order of particles are those of the original.
 * @see XML Schema Part 1, Second Edition, Appendix A; Part 2, Appendix A
 */
export const SCHEMA_FOR_SCHEMAS = `<xs:schema
  xmlns:xs='http://www.w3.org/2001/XMLSchema'
  targetNamespace='http://www.w3.org/2001/XMLSchema'
  elementFormDefault='qualified'>

  <xs:import namespace='http://www.w3.org/XML/1998/namespace'/>

  <!-- What nearly everything is made of -->

  <xs:complexType name='openAttrs'>
    <xs:complexContent>
      <xs:restriction base='xs:anyType'>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='annotated'>
    <xs:complexContent>
      <xs:extension base='xs:openAttrs'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
        </xs:sequence>
        <xs:attribute name='id' type='xs:ID'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:attributeGroup name='defRef'>
    <xs:attribute name='name' type='xs:NCName'/>
    <xs:attribute name='ref' type='xs:QName'/>
  </xs:attributeGroup>
  <xs:attributeGroup name='occurs'>
    <xs:attribute name='minOccurs' type='xs:nonNegativeInteger'/>
    <xs:attribute name='maxOccurs' type='xs:allNNI'/>
  </xs:attributeGroup>

  <!-- Values of attributes -->

  <xs:simpleType name='allNNI'>
    <xs:union memberTypes='xs:nonNegativeInteger'>
      <xs:simpleType>
        <xs:restriction base='xs:NMTOKEN'>
          <xs:enumeration value='unbounded'/>
        </xs:restriction>
      </xs:simpleType>
    </xs:union>
  </xs:simpleType>
  <xs:simpleType name='formChoice'>
    <xs:restriction base='xs:NMTOKEN'>
      <xs:enumeration value='qualified'/>
      <xs:enumeration value='unqualified'/>
    </xs:restriction>
  </xs:simpleType>
  <xs:simpleType name='public'>
    <xs:restriction base='xs:token'/>
  </xs:simpleType>
  <xs:simpleType name='namespaceList'>
    <xs:union>
      <xs:simpleType>
        <xs:restriction base='xs:token'>
          <xs:enumeration value='##any'/>
          <xs:enumeration value='##other'/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType>
        <xs:list>
          <xs:simpleType>
            <xs:union memberTypes='xs:anyURI'>
              <xs:simpleType>
                <xs:restriction base='xs:token'>
                  <xs:enumeration value='##targetNamespace'/>
                  <xs:enumeration value='##local'/>
                </xs:restriction>
              </xs:simpleType>
            </xs:union>
          </xs:simpleType>
        </xs:list>
      </xs:simpleType>
    </xs:union>
  </xs:simpleType>

  <!-- Methods of derivation -->

  <xs:simpleType name='derivationControl'>
    <xs:restriction base='xs:NMTOKEN'>
      <xs:enumeration value='substitution'/>
      <xs:enumeration value='extension'/>
      <xs:enumeration value='restriction'/>
      <xs:enumeration value='list'/>
      <xs:enumeration value='union'/>
    </xs:restriction>
  </xs:simpleType>
  <xs:simpleType name='reducedDerivationControl'>
    <xs:restriction base='xs:derivationControl'>
      <xs:enumeration value='extension'/>
      <xs:enumeration value='restriction'/>
    </xs:restriction>
  </xs:simpleType>
  <xs:simpleType name='typeDerivationControl'>
    <xs:restriction base='xs:derivationControl'>
      <xs:enumeration value='extension'/>
      <xs:enumeration value='restriction'/>
      <xs:enumeration value='list'/>
      <xs:enumeration value='union'/>
    </xs:restriction>
  </xs:simpleType>
  <xs:simpleType name='derivationSet'>
    <xs:union>
      <xs:simpleType>
        <xs:restriction base='xs:token'>
          <xs:enumeration value='#all'/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType>
        <xs:list itemType='xs:reducedDerivationControl'/>
      </xs:simpleType>
    </xs:union>
  </xs:simpleType>
  <xs:simpleType name='fullDerivationSet'>
    <xs:union>
      <xs:simpleType>
        <xs:restriction base='xs:token'>
          <xs:enumeration value='#all'/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType>
        <xs:list itemType='xs:typeDerivationControl'/>
      </xs:simpleType>
    </xs:union>
  </xs:simpleType>
  <xs:simpleType name='blockSet'>
    <xs:union>
      <xs:simpleType>
        <xs:restriction base='xs:token'>
          <xs:enumeration value='#all'/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType>
        <xs:list>
          <xs:simpleType>
            <xs:restriction base='xs:derivationControl'>
              <xs:enumeration value='extension'/>
              <xs:enumeration value='restriction'/>
              <xs:enumeration value='substitution'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:list>
      </xs:simpleType>
    </xs:union>
  </xs:simpleType>
  <xs:simpleType name='simpleDerivationSet'>
    <xs:union>
      <xs:simpleType>
        <xs:restriction base='xs:token'>
          <xs:enumeration value='#all'/>
        </xs:restriction>
      </xs:simpleType>
      <xs:simpleType>
        <xs:list>
          <xs:simpleType>
            <xs:restriction base='xs:derivationControl'>
              <xs:enumeration value='list'/>
              <xs:enumeration value='union'/>
              <xs:enumeration value='restriction'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:list>
      </xs:simpleType>
    </xs:union>
  </xs:simpleType>

  <!-- Documents, and what is at their top -->

  <xs:element name='schema'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:openAttrs'>
          <xs:sequence>
            <xs:choice minOccurs='0' maxOccurs='unbounded'>
              <xs:element ref='xs:include'/>
              <xs:element ref='xs:import'/>
              <xs:element ref='xs:redefine'/>
              <xs:element ref='xs:annotation'/>
            </xs:choice>
            <xs:sequence minOccurs='0' maxOccurs='unbounded'>
              <xs:group ref='xs:schemaTop'/>
              <xs:element ref='xs:annotation' minOccurs='0' maxOccurs='unbounded'/>
            </xs:sequence>
          </xs:sequence>
          <xs:attribute name='targetNamespace' type='xs:anyURI'/>
          <xs:attribute name='version' type='xs:token'/>
          <xs:attribute name='finalDefault' type='xs:fullDerivationSet'/>
          <xs:attribute name='blockDefault' type='xs:blockSet'/>
          <xs:attribute name='attributeFormDefault' type='xs:formChoice'/>
          <xs:attribute name='elementFormDefault' type='xs:formChoice'/>
          <xs:attribute name='id' type='xs:ID'/>
          <xs:attribute ref='xml:lang'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:group name='schemaTop'>
    <xs:choice>
      <xs:group ref='xs:redefinable'/>
      <xs:element ref='xs:element'/>
      <xs:element ref='xs:attribute'/>
      <xs:element ref='xs:notation'/>
    </xs:choice>
  </xs:group>
  <xs:group name='redefinable'>
    <xs:choice>
      <xs:element ref='xs:simpleType'/>
      <xs:element ref='xs:complexType'/>
      <xs:element ref='xs:group'/>
      <xs:element ref='xs:attributeGroup'/>
    </xs:choice>
  </xs:group>
  <xs:element name='include'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:attribute name='schemaLocation' type='xs:anyURI' use='required'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='import'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:attribute name='namespace' type='xs:anyURI'/>
          <xs:attribute name='schemaLocation' type='xs:anyURI'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='redefine'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:openAttrs'>
          <xs:choice minOccurs='0' maxOccurs='unbounded'>
            <xs:element ref='xs:annotation'/>
            <xs:group ref='xs:redefinable'/>
          </xs:choice>
          <xs:attribute name='schemaLocation' type='xs:anyURI' use='required'/>
          <xs:attribute name='id' type='xs:ID'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='notation'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:attribute name='name' type='xs:NCName' use='required'/>
          <xs:attribute name='public' type='xs:public'/>
          <xs:attribute name='system' type='xs:anyURI'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>

  <!-- Annotations -->

  <xs:element name='annotation'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:openAttrs'>
          <xs:choice minOccurs='0' maxOccurs='unbounded'>
            <xs:element ref='xs:appinfo'/>
            <xs:element ref='xs:documentation'/>
          </xs:choice>
          <xs:attribute name='id' type='xs:ID'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='appinfo'>
    <xs:complexType mixed='true'>
      <xs:sequence minOccurs='0' maxOccurs='unbounded'>
        <xs:any processContents='lax'/>
      </xs:sequence>
      <xs:attribute name='source' type='xs:anyURI'/>
      <xs:anyAttribute namespace='##other' processContents='lax'/>
    </xs:complexType>
  </xs:element>
  <xs:element name='documentation'>
    <xs:complexType mixed='true'>
      <xs:sequence minOccurs='0' maxOccurs='unbounded'>
        <xs:any processContents='lax'/>
      </xs:sequence>
      <xs:attribute name='source' type='xs:anyURI'/>
      <xs:attribute ref='xml:lang'/>
      <xs:anyAttribute namespace='##other' processContents='lax'/>
    </xs:complexType>
  </xs:element>

  <!-- Elements, and what has to be unique in them -->

  <xs:element name='element' type='xs:topLevelElement'/>
  <xs:complexType name='element' abstract='true'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:group ref='xs:elementContent'/>
        <xs:attributeGroup ref='xs:defRef'/>
        <xs:attribute name='type' type='xs:QName'/>
        <xs:attribute name='substitutionGroup' type='xs:QName'/>
        <xs:attributeGroup ref='xs:occurs'/>
        <xs:attribute name='default' type='xs:string'/>
        <xs:attribute name='fixed' type='xs:string'/>
        <xs:attribute name='nillable' type='xs:boolean'/>
        <xs:attribute name='abstract' type='xs:boolean'/>
        <xs:attribute name='final' type='xs:derivationSet'/>
        <xs:attribute name='block' type='xs:blockSet'/>
        <xs:attribute name='form' type='xs:formChoice'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:group name='elementContent'>
    <xs:sequence>
      <xs:choice minOccurs='0'>
        <xs:element name='simpleType' type='xs:localSimpleType'/>
        <xs:element name='complexType' type='xs:localComplexType'/>
      </xs:choice>
      <xs:group ref='xs:identityConstraint' minOccurs='0' maxOccurs='unbounded'/>
    </xs:sequence>
  </xs:group>
  <xs:complexType name='topLevelElement'>
    <xs:complexContent>
      <xs:restriction base='xs:element'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:elementContent'/>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
        <xs:attribute name='ref' use='prohibited'/>
        <xs:attribute name='form' use='prohibited'/>
        <xs:attribute name='minOccurs' use='prohibited'/>
        <xs:attribute name='maxOccurs' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='localElement'>
    <xs:complexContent>
      <xs:restriction base='xs:element'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:elementContent'/>
        </xs:sequence>
        <xs:attribute name='substitutionGroup' use='prohibited'/>
        <xs:attribute name='final' use='prohibited'/>
        <xs:attribute name='abstract' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='narrowMaxMin'>
    <xs:complexContent>
      <xs:restriction base='xs:localElement'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:elementContent'/>
        </xs:sequence>
        <xs:attribute name='minOccurs'>
          <xs:simpleType>
            <xs:restriction base='xs:nonNegativeInteger'>
              <xs:enumeration value='0'/>
              <xs:enumeration value='1'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:attribute>
        <xs:attribute name='maxOccurs'>
          <xs:simpleType>
            <xs:restriction base='xs:allNNI'>
              <xs:enumeration value='0'/>
              <xs:enumeration value='1'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:attribute>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:group name='identityConstraint'>
    <xs:choice>
      <xs:element ref='xs:unique'/>
      <xs:element ref='xs:key'/>
      <xs:element ref='xs:keyref'/>
    </xs:choice>
  </xs:group>
  <xs:complexType name='keybase'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:sequence>
          <xs:element ref='xs:selector'/>
          <xs:element ref='xs:field' maxOccurs='unbounded'/>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:element name='unique' type='xs:keybase'/>
  <xs:element name='key' type='xs:keybase'/>
  <xs:element name='keyref'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:keybase'>
          <xs:attribute name='refer' type='xs:QName' use='required'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='selector'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:attribute name='xpath' use='required'>
            <xs:simpleType>
              <xs:restriction base='xs:token'/>
            </xs:simpleType>
          </xs:attribute>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='field'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:attribute name='xpath' use='required'>
            <xs:simpleType>
              <xs:restriction base='xs:token'/>
            </xs:simpleType>
          </xs:attribute>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>

  <!-- Attributes -->

  <xs:element name='attribute' type='xs:topLevelAttribute'/>
  <xs:complexType name='attribute'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:sequence>
          <xs:element name='simpleType' type='xs:localSimpleType' minOccurs='0'/>
        </xs:sequence>
        <xs:attributeGroup ref='xs:defRef'/>
        <xs:attribute name='type' type='xs:QName'/>
        <xs:attribute name='use'>
          <xs:simpleType>
            <xs:restriction base='xs:NMTOKEN'>
              <xs:enumeration value='prohibited'/>
              <xs:enumeration value='optional'/>
              <xs:enumeration value='required'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:attribute>
        <xs:attribute name='default' type='xs:string'/>
        <xs:attribute name='fixed' type='xs:string'/>
        <xs:attribute name='form' type='xs:formChoice'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='topLevelAttribute'>
    <xs:complexContent>
      <xs:restriction base='xs:attribute'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:element name='simpleType' type='xs:localSimpleType' minOccurs='0'/>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
        <xs:attribute name='ref' use='prohibited'/>
        <xs:attribute name='use' use='prohibited'/>
        <xs:attribute name='form' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:group name='attrDecls'>
    <xs:sequence>
      <xs:choice minOccurs='0' maxOccurs='unbounded'>
        <xs:element name='attribute' type='xs:attribute'/>
        <xs:element name='attributeGroup' type='xs:attributeGroupRef'/>
      </xs:choice>
      <xs:element ref='xs:anyAttribute' minOccurs='0'/>
    </xs:sequence>
  </xs:group>
  <xs:element name='attributeGroup' type='xs:namedAttributeGroup'/>
  <xs:complexType name='attributeGroup' abstract='true'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:group ref='xs:attrDecls'/>
        <xs:attributeGroup ref='xs:defRef'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='namedAttributeGroup'>
    <xs:complexContent>
      <xs:restriction base='xs:attributeGroup'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:attrDecls'/>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
        <xs:attribute name='ref' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='attributeGroupRef'>
    <xs:complexContent>
      <xs:restriction base='xs:attributeGroup'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
        </xs:sequence>
        <xs:attribute name='ref' type='xs:QName' use='required'/>
        <xs:attribute name='name' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>

  <!-- Wildcards -->

  <xs:complexType name='wildcard'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:attribute name='namespace' type='xs:namespaceList'/>
        <xs:attribute name='processContents'>
          <xs:simpleType>
            <xs:restriction base='xs:NMTOKEN'>
              <xs:enumeration value='skip'/>
              <xs:enumeration value='lax'/>
              <xs:enumeration value='strict'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:attribute>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:element name='anyAttribute' type='xs:wildcard'/>
  <xs:element name='any'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:wildcard'>
          <xs:attributeGroup ref='xs:occurs'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>

  <!-- Complex types -->

  <xs:element name='complexType' type='xs:topLevelComplexType'/>
  <xs:complexType name='complexType' abstract='true'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:group ref='xs:complexTypeModel'/>
        <xs:attribute name='name' type='xs:NCName'/>
        <xs:attribute name='mixed' type='xs:boolean'/>
        <xs:attribute name='abstract' type='xs:boolean'/>
        <xs:attribute name='final' type='xs:derivationSet'/>
        <xs:attribute name='block' type='xs:derivationSet'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:group name='complexTypeModel'>
    <xs:choice>
      <xs:element ref='xs:simpleContent'/>
      <xs:element ref='xs:complexContent'/>
      <xs:sequence>
        <xs:group ref='xs:typeDefParticle' minOccurs='0'/>
        <xs:group ref='xs:attrDecls'/>
      </xs:sequence>
    </xs:choice>
  </xs:group>
  <xs:complexType name='topLevelComplexType'>
    <xs:complexContent>
      <xs:restriction base='xs:complexType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:complexTypeModel'/>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='localComplexType'>
    <xs:complexContent>
      <xs:restriction base='xs:complexType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:complexTypeModel'/>
        </xs:sequence>
        <xs:attribute name='name' use='prohibited'/>
        <xs:attribute name='abstract' use='prohibited'/>
        <xs:attribute name='final' use='prohibited'/>
        <xs:attribute name='block' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='restrictionType'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:sequence>
          <xs:choice minOccurs='0'>
            <xs:group ref='xs:typeDefParticle'/>
            <xs:group ref='xs:simpleRestrictionModel'/>
          </xs:choice>
          <xs:group ref='xs:attrDecls'/>
        </xs:sequence>
        <xs:attribute name='base' type='xs:QName' use='required'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='extensionType'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:sequence>
          <xs:group ref='xs:typeDefParticle' minOccurs='0'/>
          <xs:group ref='xs:attrDecls'/>
        </xs:sequence>
        <xs:attribute name='base' type='xs:QName' use='required'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:element name='complexContent'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:choice>
            <xs:element name='restriction' type='xs:complexRestrictionType'/>
            <xs:element name='extension' type='xs:extensionType'/>
          </xs:choice>
          <xs:attribute name='mixed' type='xs:boolean'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:complexType name='complexRestrictionType'>
    <xs:complexContent>
      <xs:restriction base='xs:restrictionType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:typeDefParticle' minOccurs='0'/>
          <xs:group ref='xs:attrDecls'/>
        </xs:sequence>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:element name='simpleContent'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:choice>
            <xs:element name='restriction' type='xs:simpleRestrictionType'/>
            <xs:element name='extension' type='xs:simpleExtensionType'/>
          </xs:choice>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:complexType name='simpleRestrictionType'>
    <xs:complexContent>
      <xs:restriction base='xs:restrictionType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:simpleRestrictionModel' minOccurs='0'/>
          <xs:group ref='xs:attrDecls'/>
        </xs:sequence>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='simpleExtensionType'>
    <xs:complexContent>
      <xs:restriction base='xs:extensionType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:attrDecls'/>
        </xs:sequence>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>

  <!-- Model groups -->

  <xs:group name='typeDefParticle'>
    <xs:choice>
      <xs:element name='group' type='xs:groupRef'/>
      <xs:element ref='xs:all'/>
      <xs:element ref='xs:choice'/>
      <xs:element ref='xs:sequence'/>
    </xs:choice>
  </xs:group>
  <xs:group name='nestedParticle'>
    <xs:choice>
      <xs:element name='element' type='xs:localElement'/>
      <xs:element name='group' type='xs:groupRef'/>
      <xs:element ref='xs:choice'/>
      <xs:element ref='xs:sequence'/>
      <xs:element ref='xs:any'/>
    </xs:choice>
  </xs:group>
  <xs:group name='particle'>
    <xs:choice>
      <xs:element name='element' type='xs:localElement'/>
      <xs:element name='group' type='xs:groupRef'/>
      <xs:element ref='xs:all'/>
      <xs:element ref='xs:choice'/>
      <xs:element ref='xs:sequence'/>
      <xs:element ref='xs:any'/>
    </xs:choice>
  </xs:group>
  <xs:group name='allModel'>
    <xs:sequence>
      <xs:element ref='xs:annotation' minOccurs='0'/>
      <xs:element name='element' type='xs:narrowMaxMin' minOccurs='0' maxOccurs='unbounded'/>
    </xs:sequence>
  </xs:group>
  <xs:element name='group' type='xs:namedGroup'/>
  <xs:complexType name='group' abstract='true'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:group ref='xs:particle' minOccurs='0' maxOccurs='unbounded'/>
        <xs:attributeGroup ref='xs:defRef'/>
        <xs:attributeGroup ref='xs:occurs'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='realGroup'>
    <xs:complexContent>
      <xs:restriction base='xs:group'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:choice minOccurs='0'>
            <xs:element ref='xs:all'/>
            <xs:element ref='xs:choice'/>
            <xs:element ref='xs:sequence'/>
          </xs:choice>
        </xs:sequence>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='namedGroup'>
    <xs:complexContent>
      <xs:restriction base='xs:realGroup'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:choice>
            <xs:element name='all'>
              <xs:complexType>
                <xs:complexContent>
                  <xs:restriction base='xs:all'>
                    <xs:group ref='xs:allModel'/>
                    <xs:attribute name='minOccurs' use='prohibited'/>
                    <xs:attribute name='maxOccurs' use='prohibited'/>
                    <xs:anyAttribute namespace='##other' processContents='lax'/>
                  </xs:restriction>
                </xs:complexContent>
              </xs:complexType>
            </xs:element>
            <xs:element name='choice' type='xs:simpleExplicitGroup'/>
            <xs:element name='sequence' type='xs:simpleExplicitGroup'/>
          </xs:choice>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
        <xs:attribute name='ref' use='prohibited'/>
        <xs:attribute name='minOccurs' use='prohibited'/>
        <xs:attribute name='maxOccurs' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='groupRef'>
    <xs:complexContent>
      <xs:restriction base='xs:realGroup'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
        </xs:sequence>
        <xs:attribute name='ref' type='xs:QName' use='required'/>
        <xs:attribute name='name' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='explicitGroup'>
    <xs:complexContent>
      <xs:restriction base='xs:group'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:nestedParticle' minOccurs='0' maxOccurs='unbounded'/>
        </xs:sequence>
        <xs:attribute name='name' use='prohibited'/>
        <xs:attribute name='ref' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='simpleExplicitGroup'>
    <xs:complexContent>
      <xs:restriction base='xs:explicitGroup'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:nestedParticle' minOccurs='0' maxOccurs='unbounded'/>
        </xs:sequence>
        <xs:attribute name='minOccurs' use='prohibited'/>
        <xs:attribute name='maxOccurs' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:element name='choice' type='xs:explicitGroup'/>
  <xs:element name='sequence' type='xs:explicitGroup'/>
  <xs:element name='all' type='xs:all'/>
  <xs:complexType name='all'>
    <xs:complexContent>
      <xs:restriction base='xs:explicitGroup'>
        <xs:group ref='xs:allModel'/>
        <xs:attribute name='minOccurs'>
          <xs:simpleType>
            <xs:restriction base='xs:nonNegativeInteger'>
              <xs:enumeration value='0'/>
              <xs:enumeration value='1'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:attribute>
        <xs:attribute name='maxOccurs'>
          <xs:simpleType>
            <xs:restriction base='xs:allNNI'>
              <xs:enumeration value='1'/>
            </xs:restriction>
          </xs:simpleType>
        </xs:attribute>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>

  <!-- Simple types -->

  <xs:element name='simpleType' type='xs:topLevelSimpleType'/>
  <xs:complexType name='simpleType' abstract='true'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:group ref='xs:simpleDerivation'/>
        <xs:attribute name='name' type='xs:NCName'/>
        <xs:attribute name='final' type='xs:simpleDerivationSet'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:group name='simpleDerivation'>
    <xs:choice>
      <xs:element ref='xs:restriction'/>
      <xs:element ref='xs:list'/>
      <xs:element ref='xs:union'/>
    </xs:choice>
  </xs:group>
  <xs:complexType name='topLevelSimpleType'>
    <xs:complexContent>
      <xs:restriction base='xs:simpleType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:simpleDerivation'/>
        </xs:sequence>
        <xs:attribute name='name' type='xs:NCName' use='required'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='localSimpleType'>
    <xs:complexContent>
      <xs:restriction base='xs:simpleType'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
          <xs:group ref='xs:simpleDerivation'/>
        </xs:sequence>
        <xs:attribute name='name' use='prohibited'/>
        <xs:attribute name='final' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:group name='simpleRestrictionModel'>
    <xs:sequence>
      <xs:element name='simpleType' type='xs:localSimpleType' minOccurs='0'/>
      <xs:group ref='xs:facets' minOccurs='0' maxOccurs='unbounded'/>
    </xs:sequence>
  </xs:group>
  <xs:element name='restriction'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:group ref='xs:simpleRestrictionModel'/>
          <xs:attribute name='base' type='xs:QName'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='list'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:sequence>
            <xs:element name='simpleType' type='xs:localSimpleType' minOccurs='0'/>
          </xs:sequence>
          <xs:attribute name='itemType' type='xs:QName'/>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='union'>
    <xs:complexType>
      <xs:complexContent>
        <xs:extension base='xs:annotated'>
          <xs:sequence>
            <xs:element name='simpleType' type='xs:localSimpleType' minOccurs='0' maxOccurs='unbounded'/>
          </xs:sequence>
          <xs:attribute name='memberTypes'>
            <xs:simpleType>
              <xs:list itemType='xs:QName'/>
            </xs:simpleType>
          </xs:attribute>
        </xs:extension>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>

  <!-- Facets -->

  <xs:group name='facets'>
    <xs:choice>
      <xs:element ref='xs:minExclusive'/>
      <xs:element ref='xs:minInclusive'/>
      <xs:element ref='xs:maxExclusive'/>
      <xs:element ref='xs:maxInclusive'/>
      <xs:element ref='xs:totalDigits'/>
      <xs:element ref='xs:fractionDigits'/>
      <xs:element ref='xs:length'/>
      <xs:element ref='xs:minLength'/>
      <xs:element ref='xs:maxLength'/>
      <xs:element ref='xs:enumeration'/>
      <xs:element ref='xs:whiteSpace'/>
      <xs:element ref='xs:pattern'/>
    </xs:choice>
  </xs:group>
  <xs:complexType name='facet'>
    <xs:complexContent>
      <xs:extension base='xs:annotated'>
        <xs:attribute name='value' use='required'/>
        <xs:attribute name='fixed' type='xs:boolean'/>
      </xs:extension>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='noFixedFacet'>
    <xs:complexContent>
      <xs:restriction base='xs:facet'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
        </xs:sequence>
        <xs:attribute name='fixed' use='prohibited'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:complexType name='numFacet'>
    <xs:complexContent>
      <xs:restriction base='xs:facet'>
        <xs:sequence>
          <xs:element ref='xs:annotation' minOccurs='0'/>
        </xs:sequence>
        <xs:attribute name='value' type='xs:nonNegativeInteger' use='required'/>
        <xs:anyAttribute namespace='##other' processContents='lax'/>
      </xs:restriction>
    </xs:complexContent>
  </xs:complexType>
  <xs:element name='minExclusive' type='xs:facet'/>
  <xs:element name='minInclusive' type='xs:facet'/>
  <xs:element name='maxExclusive' type='xs:facet'/>
  <xs:element name='maxInclusive' type='xs:facet'/>
  <xs:element name='totalDigits'>
    <xs:complexType>
      <xs:complexContent>
        <xs:restriction base='xs:numFacet'>
          <xs:sequence>
            <xs:element ref='xs:annotation' minOccurs='0'/>
          </xs:sequence>
          <xs:attribute name='value' type='xs:positiveInteger' use='required'/>
          <xs:anyAttribute namespace='##other' processContents='lax'/>
        </xs:restriction>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='fractionDigits' type='xs:numFacet'/>
  <xs:element name='length' type='xs:numFacet'/>
  <xs:element name='minLength' type='xs:numFacet'/>
  <xs:element name='maxLength' type='xs:numFacet'/>
  <xs:element name='enumeration' type='xs:noFixedFacet'/>
  <xs:element name='whiteSpace'>
    <xs:complexType>
      <xs:complexContent>
        <xs:restriction base='xs:facet'>
          <xs:sequence>
            <xs:element ref='xs:annotation' minOccurs='0'/>
          </xs:sequence>
          <xs:attribute name='value' use='required'>
            <xs:simpleType>
              <xs:restriction base='xs:NMTOKEN'>
                <xs:enumeration value='preserve'/>
                <xs:enumeration value='replace'/>
                <xs:enumeration value='collapse'/>
              </xs:restriction>
            </xs:simpleType>
          </xs:attribute>
          <xs:anyAttribute namespace='##other' processContents='lax'/>
        </xs:restriction>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>
  <xs:element name='pattern'>
    <xs:complexType>
      <xs:complexContent>
        <xs:restriction base='xs:noFixedFacet'>
          <xs:sequence>
            <xs:element ref='xs:annotation' minOccurs='0'/>
          </xs:sequence>
          <xs:attribute name='value' type='xs:string' use='required'/>
          <xs:anyAttribute namespace='##other' processContents='lax'/>
        </xs:restriction>
      </xs:complexContent>
    </xs:complexType>
  </xs:element>

</xs:schema>
`;

let grammars: Grammars | undefined;

/** The grammars of schemas themselves, made when they are needed first. */
export function schemaForSchemas(): Grammars {
  grammars ??= buildGrammars(compileSchema([{ location: 'schema-for-schemas.xsd', text: SCHEMA_FOR_SCHEMAS }]));
  return grammars;
}

/** Does this schemaId mean the schema for schemas? */
export function isSchemaForSchemas(schemaId: string): boolean {
  return SCHEMA_IDS.includes(schemaId);
}
